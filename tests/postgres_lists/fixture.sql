CREATE SCHEMA shop;
CREATE EXTENSION IF NOT EXISTS postgres_fdw; -- contrib
CREATE EXTENSION IF NOT EXISTS citext; -- contrib
CREATE TYPE shop.spot AS (lat double precision, ip inet);
CREATE TYPE shop.mood AS ENUM ('good', 'bad');
CREATE FUNCTION shop.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
CREATE FUNCTION shop.looks(n int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT 1 FROM shop.visits WHERE id = n); END';
CREATE DOMAIN shop.short AS text CHECK (length(value) < 40);
CREATE DOMAIN shop.looking AS int CHECK (shop.looks(value));
CREATE DOMAIN shop.email AS citext CHECK (value ~ '@'); -- contrib
CREATE TYPE shop.with_domain AS (a int, b shop.looking);
CREATE TABLE shop.visits (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ip inet DEFAULT '192.0.2.1',
  label shop.short UNIQUE,
  spot shop.spot,
  mood shop.mood,
  net cidr GENERATED ALWAYS AS (network(set_masklen(ip, 24))) STORED,
  CHECK (id > 0));
COMMENT ON COLUMN shop.visits.ip IS 'where from';
CREATE TABLE shop.orders (id int, visit bigint REFERENCES shop.visits) PARTITION BY RANGE (id);
CREATE TABLE shop.orders_1 PARTITION OF shop.orders FOR VALUES FROM (1) TO (10);
CREATE TABLE shop.old_visits (archived date) INHERITS (shop.visits);
ALTER TABLE shop.visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON shop.visits USING (id > 1);
CREATE STATISTICS shop.both_kinds ON ip, label FROM shop.visits;
CREATE RULE quiet AS ON DELETE TO shop.visits DO INSTEAD NOTHING;
CREATE FUNCTION shop.noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noticed BEFORE INSERT ON shop.visits FOR EACH ROW EXECUTE FUNCTION shop.noticed();
CREATE INDEX ON shop.visits (lower(label)) WHERE id > 7;
CREATE SEQUENCE shop.tickets OWNED BY shop.visits.label;
CREATE VIEW shop.recent AS SELECT id, ip FROM shop.visits;
CREATE MATERIALIZED VIEW shop.totals AS SELECT ip, count(*) AS n FROM shop.visits GROUP BY ip WITH NO DATA;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1'); -- contrib
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'x', password 'y'); -- contrib
CREATE FOREIGN TABLE shop.elsewhere (id int) SERVER far OPTIONS (table_name 'elsewhere'); -- contrib
CREATE PUBLICATION all_of_it FOR TABLE shop.visits;
