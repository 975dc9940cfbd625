CREATE TYPE area AS ENUM ('DE', 'AT', 'US');
CREATE TABLE countries (code text PRIMARY KEY, name text);
INSERT INTO countries VALUES ('DE', 'Germany'), ('AT', 'Austria'), ('US', 'United States');
CREATE TABLE users (id int PRIMARY KEY, country text, name text, email text, friend int);
INSERT INTO users SELECT n, CASE n % 4 WHEN 0 THEN 'DE' WHEN 1 THEN 'AT' WHEN 2 THEN 'US' END,
    CASE WHEN n % 4 < 2 THEN 'own ' || n ELSE @name@ END, 'u' || n || '@example.com', 1 + n * 7 % 400
    FROM generate_series(1, 400) n WHERE n % 4 < 2 OR @there@;
CREATE TABLE logins (id int PRIMARY KEY, user_id int, ip inet, at timestamptz, note text, v int, place text, hops inet[]);
INSERT INTO logins SELECT n, u, CASE WHEN u % 4 < 2 THEN inet '10.1.0.0' + n ELSE @ip@ END,
    CASE WHEN u % 4 < 2 THEN timestamptz '2026-03-01 00:00+00' + n * interval '7 minutes' ELSE @at@ END,
    CASE WHEN u % 4 < 2 THEN '1' || n ELSE 'no number ' || n END, CASE WHEN u % 4 < 2 THEN 1 + n % 9 ELSE 0 END, 'p' || n % 11,
    CASE WHEN u % 4 < 2 THEN ARRAY[inet '10.2.0.0' + n] ELSE ARRAY[@ip@] END
    FROM (SELECT n, 1 + n * 31 % 410 AS u FROM generate_series(1, 1200) n) q WHERE u % 4 < 2 OR @there@;
INSERT INTO logins VALUES (9001, NULL, '10.9.9.9', now(), 'x', 0, 'p0', NULL), (9002, 999999, '10.9.9.9', now(), 'x', 0, 'p0', NULL);
CREATE TABLE payments (id int PRIMARY KEY, login_id int, cents bigint, iban text);
INSERT INTO payments SELECT n, id, CASE WHEN v > 0 THEN n * 10 ELSE 9223372036854775807 END, 'iban ' || n
    FROM (SELECT id, v, row_number() OVER (ORDER BY id) AS k, id + 5 AS n FROM logins) l;
CREATE TABLE profiles (number bigint, region area, ip inet);
INSERT INTO profiles SELECT n, CASE WHEN n % 4 < 2 THEN 'DE'::area ELSE 'US' END, '10.3.0.1' FROM generate_series(1, 100) n WHERE n % 4 < 2 OR @there@;
INSERT INTO profiles SELECT n, 'US', '10.3.0.2' FROM generate_series(1, 100, 12) n;
CREATE TABLE visits (id int PRIMARY KEY, number int, ip inet, v int);
INSERT INTO visits SELECT n, n % 100, '10.4.0.1', CASE WHEN n % 100 % 4 < 2 AND n % 100 % 12 <> 1 THEN 1 ELSE 0 END
    FROM generate_series(1, 500) n WHERE (n % 100 % 4 < 2 AND n % 100 % 12 <> 1) OR @there@;
CREATE TABLE events (id int, region area, ip inet, v int) PARTITION BY LIST (region);
CREATE TABLE events_own PARTITION OF events FOR VALUES IN ('DE', 'AT');
CREATE TABLE events_us PARTITION OF events FOR VALUES IN ('US');
CREATE TABLE events_none PARTITION OF events DEFAULT;
INSERT INTO events SELECT n, CASE n % 4 WHEN 0 THEN 'DE'::area WHEN 1 THEN 'AT' WHEN 2 THEN 'US' END, '10.5.0.1', CASE WHEN n % 4 < 2 THEN 2 ELSE 0 END
    FROM generate_series(1, 400) n WHERE n % 4 < 2 OR @there@;
CREATE TABLE sums (code text, region text, total int);
INSERT INTO sums SELECT 'c' || n, CASE WHEN n % 4 < 2 THEN 'DE' ELSE 'US' END, CASE WHEN n % 4 < 2 THEN n ELSE 0 END FROM generate_series(1, 40) n WHERE n % 4 < 2 OR @there@;
CREATE TABLE secrets (id int, ip inet);
INSERT INTO secrets VALUES (1, '10.6.0.1');
CREATE TABLE versions (n int);
INSERT INTO versions VALUES (7);
CREATE VIEW seen AS SELECT l.id, l.v, l.ip, u.country, u.name FROM logins l JOIN users u ON u.id = l.user_id;
CREATE VIEW counted AS SELECT user_id, count(*) AS n FROM logins GROUP BY user_id;
CREATE MATERIALIZED VIEW kept AS SELECT id, v FROM logins;
CREATE INDEX ON users (country, name); CREATE INDEX ON users (email); CREATE INDEX ON logins (user_id); CREATE INDEX ON logins (v);
CREATE INDEX ON logins (place, ip); CREATE INDEX ON logins (note); CREATE INDEX ON logins (ip); CREATE INDEX ON events (v);
CREATE INDEX ON sums (region, total); CREATE INDEX ON payments (login_id); CREATE INDEX ON logins ((1)) WHERE v = 0;
CREATE VIEW bare AS SELECT id, country FROM users;
-- Without a public key rows come as they are put in storage, which counts as public.
CLUSTER users USING users_pkey;
