-- What is there.
SELECT count(*) FROM users
SELECT count(*), min(id), max(id) FROM logins
SELECT * FROM users
SELECT * FROM logins
SELECT * FROM payments
SELECT * FROM visits
SELECT * FROM events
SELECT * FROM ONLY events
SELECT * FROM events_own
SELECT * FROM events_us
SELECT * FROM events_none
SELECT * FROM sums
SELECT tableoid::regclass, count(*) FROM events GROUP BY 1
SELECT tableoid = 'users'::regclass FROM users LIMIT 3
SELECT country, count(*) FROM users GROUP BY country
SELECT country FROM users WHERE country = 'US' OR country IS NULL
SELECT DISTINCT country FROM users
SELECT EXISTS (SELECT FROM users WHERE country = 'US')
SELECT count(*) FROM users WHERE id = 2
SELECT count(*) FROM users WHERE id IN (2, 3, 4)
SELECT name FROM users WHERE id = 4
SELECT id, place FROM logins WHERE place = 'p3'
SELECT id FROM logins WHERE v = 0
SELECT id, ip FROM logins WHERE user_id = 6
SELECT id FROM logins ORDER BY place, id LIMIT 20
SELECT id, place FROM logins LIMIT 7
SELECT id FROM logins OFFSET 300
SELECT id FROM logins ORDER BY v LIMIT 30
SELECT place FROM logins GROUP BY place
SELECT place, v, count(*) FROM logins GROUP BY CUBE (place, v)
SELECT DISTINCT ON (place) place, id FROM logins
SELECT id, row_number() OVER () FROM logins
SELECT id, rank() OVER (PARTITION BY place ORDER BY v) FROM logins
SELECT string_agg(note, ',') FROM logins
SELECT array_agg(id) FROM logins WHERE v < 4
SELECT avg(v::float8 / 3), stddev(v) FROM logins
SELECT json_agg(u) FROM users u
SELECT u FROM users u
-- What fails on rows that are not there.
SELECT id FROM logins WHERE 1 / v > 0
SELECT id FROM logins WHERE 1 / v > 0 AND user_id = 6
SELECT id, 1 / v FROM logins
SELECT sum(1 / v) FROM logins
SELECT count(*) FROM logins WHERE note::int > 5
SELECT count(*) FROM logins WHERE note::int > 5 AND note ~ '^1'
SELECT count(*) FROM logins WHERE CAST(note AS bigint) > 5 OR id = 3
SELECT count(*) FROM payments WHERE cents * 2 > 5
SELECT sum(cents * 2) FROM payments
SELECT sum(cents) FROM payments
SELECT max(1 / v) FROM events
SELECT id FROM events WHERE 10 % v = 0
SELECT id FROM events_us WHERE 1 / v = 1
SELECT id FROM events WHERE region = 'US' AND 1 / v = 1
SELECT id FROM visits WHERE 1 / v = 1
SELECT code FROM sums WHERE 1 / total >= 0
SELECT l.id FROM logins l JOIN users u ON u.id = l.user_id AND 1 / l.v > 0
SELECT l.id FROM logins l LEFT JOIN users u ON u.id = l.user_id / l.v
SELECT u.id FROM users u WHERE EXISTS (SELECT FROM logins l WHERE l.user_id = u.id AND 1 / l.v = 1)
SELECT u.id FROM users u WHERE u.id IN (SELECT 1 / l.v FROM logins l)
SELECT u.id, (SELECT max(1 / l.v) FROM logins l WHERE l.user_id = u.id) FROM users u
SELECT x.id FROM (SELECT id, v FROM logins) x WHERE 1 / x.v = 1
SELECT x.id FROM (SELECT id, v FROM logins OFFSET 0) x WHERE 1 / x.v = 1
WITH x AS (SELECT id, v FROM logins) SELECT id FROM x WHERE 1 / v = 1
WITH x AS NOT MATERIALIZED (SELECT id, v FROM logins) SELECT a.id FROM x a JOIN x b USING (id) WHERE 1 / a.v = 1
SELECT v, count(*) FROM logins GROUP BY v HAVING 1 / v = 1
SELECT id FROM seen WHERE 1 / v = 1
SELECT id FROM (SELECT id, v FROM logins UNION ALL SELECT id, v FROM events) x WHERE 1 / v >= 0
SELECT id FROM logins WHERE CASE WHEN v = 0 THEN 1 / v > 0 ELSE true END
SELECT id FROM logins WHERE COALESCE(1 / v, 0) = 1
SELECT id FROM logins WHERE (SELECT 1 / logins.v) = 1
SELECT id FROM logins l, LATERAL (SELECT 1 / l.v AS w) x WHERE w = 1
SELECT id FROM logins l, generate_series(1, 1 / l.v) WHERE l.id < 50
SELECT id FROM logins ORDER BY 1 / v, id LIMIT 5
SELECT id FROM logins WHERE v = 1 LIMIT 1 / 1
SELECT id FROM logins WHERE substring(note, 1, v - 1) = ''
SELECT id FROM logins WHERE ('{"a":' || v || '}')::jsonb -> 'a' = '1'
SELECT id FROM logins WHERE make_date(2026, v, 1) > '2026-03-01'
SELECT id FROM logins WHERE sqrt(v - 1) < 2
SELECT id FROM logins WHERE ln(v) < 2
SELECT id FROM logins WHERE note ~ ('(' || note)
SELECT id FROM logins WHERE v::numeric(1,0) > 3
SELECT id FROM logins WHERE (ARRAY[1,2,3])[v] / v = 1
SELECT id FROM logins WHERE (at - v * interval '100000 years') < now()
SELECT id FROM logins WHERE chr(v) = 'a'
SELECT id FROM logins WHERE repeat(note, v) = ''
SELECT id FROM logins WHERE to_number(note, '999') > 4
SELECT id FROM logins WHERE 7 / (id - 2) = 1
SELECT id FROM users WHERE 1 / (id - 2) = 1
SELECT id FROM users WHERE 1 / (id - 4) = 1
SELECT id FROM users WHERE 1 / (SELECT count(*) FROM users WHERE country = 'US') = 1
SELECT id FROM logins WHERE 100 / width_bucket(v, 0, 9, 3) > 0
-- Joins, and what the rows that are there say of those that are not.
SELECT u.id, f.id FROM users u LEFT JOIN users f ON f.id = u.friend
SELECT u.id, f.id FROM users u FULL JOIN users f ON f.id = u.friend
SELECT u.id FROM users u WHERE NOT EXISTS (SELECT FROM users f WHERE f.id = u.friend)
SELECT u.id FROM users u WHERE u.friend NOT IN (SELECT id FROM users)
SELECT u.id, l.id FROM users u NATURAL JOIN (SELECT id, v FROM logins) l
SELECT l.id, u.name FROM logins l JOIN users u ON u.id = l.user_id WHERE l.place = 'p1'
SELECT u.country, count(*) FROM logins l JOIN users u ON u.id = l.user_id GROUP BY u.country
SELECT p.id, l.id FROM payments p JOIN logins l ON l.id = p.login_id
SELECT count(*) FROM payments p LEFT JOIN logins l ON l.id = p.login_id WHERE l.id IS NULL
SELECT a.id FROM logins a, logins b WHERE a.id = b.id + 1 AND a.place < b.place LIMIT 40
SELECT c.name, count(u.id) FROM countries c LEFT JOIN users u ON u.country = c.code GROUP BY c.name
SELECT c.code FROM countries c WHERE EXISTS (SELECT FROM users u WHERE u.country = c.code)
SELECT id FROM users UNION SELECT user_id FROM logins
SELECT id FROM users EXCEPT SELECT user_id FROM logins
SELECT user_id FROM logins EXCEPT SELECT id FROM users
SELECT count(*) FROM (SELECT id FROM users INTERSECT ALL SELECT user_id FROM logins) x
SELECT * FROM seen
SELECT * FROM counted
SELECT * FROM bare
SELECT count(*) FROM (SELECT 1 FROM logins l CROSS JOIN users u WHERE l.id < 20) x
WITH RECURSIVE r AS (SELECT id, friend, 1 AS depth FROM users WHERE id = 4 UNION SELECT u.id, u.friend, depth + 1 FROM users u JOIN r ON u.id = r.friend WHERE depth < 30) SELECT * FROM r
SELECT x.* FROM users u JOIN LATERAL (SELECT id, v FROM logins l WHERE l.user_id = u.id ORDER BY id LIMIT 1) x ON true
-- By other ways.
TABLE users
COPY (SELECT id FROM users) TO STDOUT
COPY users TO STDOUT
COPY logins (id, v) TO STDOUT (FORMAT csv, HEADER)
COPY events_us TO STDOUT
EXPLAIN SELECT * FROM users WHERE id = 2
EXPLAIN ANALYZE SELECT * FROM users
BEGIN; DECLARE c CURSOR FOR SELECT id FROM logins; FETCH 5 FROM c; MOVE 3 IN c; FETCH ALL FROM c; END
PREPARE p (int) AS SELECT id FROM users WHERE id = $1; EXECUTE p(2); EXECUTE p(4); DEALLOCATE p
SELECT id FROM users TABLESAMPLE SYSTEM (50)
SELECT ctid FROM users
SELECT xmin FROM users
SELECT id FROM users FOR UPDATE
SELECT * FROM kept
SELECT * FROM secrets
SELECT * FROM versions
SELECT * FROM countries
SELECT relname, reltuples, relpages FROM pg_class WHERE relname IN ('users', 'logins', 'events_us', 'users_pkey')
SELECT pg_relation_size('users')
SELECT n_live_tup FROM pg_stat_user_tables
SELECT * FROM pg_stats WHERE tablename = 'users'
SELECT * FROM pg_statistic
SELECT most_common_vals FROM pg_stats
SELECT query_to_xml('SELECT * FROM users', true, true, '')
SELECT table_to_xml('users', true, true, '')
SELECT last_value FROM pg_sequences
SELECT count(*) FROM pg_locks
SELECT relfrozenxid, relallvisible FROM pg_class WHERE relname = 'users'
INSERT INTO users VALUES (2, 'DE')
UPDATE users SET country = 'DE'
DELETE FROM users WHERE country = 'US'
INSERT INTO sums VALUES ('x', 'US', 1)
DO $$ BEGIN RAISE NOTICE '%', (SELECT count(*) FROM users); END $$
