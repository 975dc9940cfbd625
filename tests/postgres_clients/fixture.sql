-- Every treatment, in each type that it knows, beside columns that no rule names. The raw values are canaries.
CREATE TYPE fix AS (lat double precision, ip inet);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE people (
  seat int PRIMARY KEY,
  person uuid UNIQUE NOT NULL,
  number bigint UNIQUE NOT NULL,
  mail text UNIQUE,
  name text);
COMMENT ON TABLE people IS 'who';
CREATE TABLE logins (
  id int PRIMARY KEY,
  seat int NOT NULL REFERENCES people,
  person uuid NOT NULL,
  friends uuid[],
  number bigint,
  mail text,
  ip inet NOT NULL,
  hops inet[],
  net cidr,
  ip_text text,
  device macaddr,
  lat double precision,
  at timestamptz NOT NULL,
  local_at timestamp,
  amount int,
  price numeric(10, 2),
  note text,
  agent text,
  payload jsonb,
  place fix,
  mood mood,
  is_ok boolean NOT NULL DEFAULT true,
  ratio numeric,
  day date,
  span interval,
  bytes bytea,
  tags text[]);
COMMENT ON COLUMN logins.ip IS 'where from';
CREATE INDEX ON logins (ip);
CREATE INDEX ON logins (at DESC) WHERE is_ok;
CREATE VIEW recent AS SELECT id, ip, at FROM logins WHERE id > 20;
INSERT INTO people SELECT n, uuid('0b6b51c2-5a5a-4a5a-8a5a-' || lpad(n::text, 12, '0')), 777000777000 + n,
    'canary' || n || '@example.com', 'Canary ' || n FROM generate_series(1, 7) n;
INSERT INTO logins SELECT n, p.seat, p.person, ARRAY[p.person, NULL], p.number, p.mail,
    inet '203.0.113.0' + n, ARRAY[inet '203.0.113.0' + n, NULL, inet '2001:db8:77::1' + n], set_masklen(cidr '203.0.113.0/24', 24),
    '203.0.113.' || n, macaddr '00:00:5e:00:53:77', 48.8584 + n / 1e6,
    timestamptz '2026-03-14 18:00:37.123456+00' + n * interval '1 minute', timestamp '2026-03-14 18:00:37.123456' + n * interval '1 minute',
    77700 + n, 777.11 + n / 100.0, 'login ' || n || ' from 203.0.113.' || n || ' was fine', 'Canary/' || n,
    jsonb_build_object('ip', '203.0.113.' || n, 'n', n, 'deep', jsonb_build_array(jsonb_build_object('lat', 48.8584))),
    ROW(48.8584 + n / 1e6, inet '203.0.113.0' + n)::fix, CASE WHEN n % 2 = 0 THEN 'good' ELSE 'bad' END::mood,
    n % 3 > 0, n / 3.0, date '2026-03-01' + n, n * interval '1 hour 1 second', decode(md5(n::text), 'hex'), ARRAY['a"b', NULL, 'tag ' || n]
  FROM generate_series(1, 40) n JOIN people p ON p.seat = 1 + n % 7;
INSERT INTO logins (id, seat, person, ip, at)
  SELECT 41, seat, person, inet '2001:db8:77::5', timestamptz '2026-03-14 18:59:59.999+00' FROM people WHERE seat = 1;
