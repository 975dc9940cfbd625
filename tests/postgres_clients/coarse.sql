-- The same fixture, physically coarsened by what the policy says. Pseudonyms and tokens come from `seen_people` and
-- `seen_logins`, as psql saw them through the proxy: what psql saw, every other client has to see in every format.
CREATE TABLE coarse AS SELECT * FROM logins ORDER BY id;
DELETE FROM logins;
UPDATE people p SET (person, number, mail, name) = (SELECT s.person, s.number, s.mail, NULL FROM seen_people s WHERE s.seat = p.seat);
INSERT INTO logins SELECT c.id, c.seat, s.person, s.friends, s.number, s.mail,
    CASE family(c.ip) WHEN 4 THEN inet '203.0.0.0/16' ELSE inet '2001:db8::/32' END,
    CASE WHEN c.hops IS NOT NULL THEN '{203.0.0.0/16,NULL,2001:db8::/32}'::inet[] END,
    CASE WHEN c.net IS NOT NULL THEN cidr '203.0.0.0/16' END, CASE WHEN c.ip_text IS NOT NULL THEN '203.0.0.0/16' END,
    NULL, CASE WHEN c.lat IS NOT NULL THEN 48.8 END, timestamptz '2026-03-14 18:00+00', CASE WHEN c.local_at IS NOT NULL THEN timestamp '2026-03-14 18:00' END,
    c.amount / 1000 * 1000, CASE WHEN c.price IS NOT NULL THEN 700 END, regexp_replace(c.note, '203.0.113.\d+', '203.0.0.0/16'), CASE WHEN c.agent IS NOT NULL THEN 'agent' END,
    CASE WHEN c.payload IS NOT NULL THEN c.payload || jsonb '{"ip": "203.0.0.0/16", "deep": [{"lat": 48.8}]}' END,
    CASE WHEN c.place IS NOT NULL THEN ROW(48.8, '203.0.0.0/16')::fix END,
    c.mood, c.is_ok, c.ratio, c.day, c.span, c.bytes, c.tags
  FROM coarse c JOIN seen_logins s USING (id) ORDER BY c.id;
DROP TABLE coarse, seen_people, seen_logins;
