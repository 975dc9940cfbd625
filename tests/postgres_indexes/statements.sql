-- One a line. Each has an answer.
SELECT id FROM logins WHERE ip = '10.7.0.0/16'
SELECT id, ip, note FROM logins WHERE ip = '10.7.0.0/16' LIMIT 8
SELECT id FROM logins WHERE ip = inet '10.7.0.0/16' OFFSET 5 LIMIT 5
SELECT array_agg(id) FROM logins WHERE ip = '10.7.0.0/16'
SELECT string_agg(place, ',') FROM logins WHERE ip << '10.0.0.0/8' AND id < 500
SELECT id, ip FROM logins WHERE ip <<= '10.4.0.0/14' AND place = 'place 7'
SELECT id FROM logins WHERE '10.4.0.0/14' >>= ip AND place IN ('place 7', 'place 8') LIMIT 20
SELECT id FROM logins WHERE inet '10.0.0.0/8' >> ip LIMIT 9
SELECT count(*), min(id), max(id) FROM logins WHERE ip = '2001:db8::/32'
SELECT id FROM logins WHERE ip = '2001:db8::/32' LIMIT 4
SELECT id FROM logins WHERE ip IN ('10.7.0.0/16', '10.9.0.0/16', '2001:db8::/32', '10.0.0.0/12') LIMIT 30
SELECT id FROM logins WHERE ip = '10.0.0.0/12'
SELECT count(*) FROM logins WHERE ip <<= '2002::/16'
SELECT count(*) FROM logins WHERE ip = '10.7.5.0/24' OR ip = '10.7.0.1'
SELECT count(*) FROM logins WHERE ip <<= '::ffff:0:0/96' OR ip <<= '64:ff9b::/96' OR ip <<= '0.0.0.0/0'
SELECT id, ip FROM logins WHERE (ip = '10.7.0.0/16' OR ip = '10.3.0.0/16') AND place < 'place 2' LIMIT 25
SELECT id, ip FROM logins WHERE ip = '10.7.0.0/16' OR id = 5
SELECT id FROM logins WHERE NOT (ip = '10.7.0.0/16') LIMIT 5
SELECT net, id FROM logins WHERE net = '10.5.0.0/16' LIMIT 12
SELECT net, count(*) FROM logins WHERE net <<= '10.0.0.0/13' GROUP BY net
SELECT dom, id FROM logins WHERE dom = '10.5.0.0/16' LIMIT 12
SELECT id FROM logins WHERE at = '2026-03-03 10:00+00'
SELECT id, at FROM logins WHERE at = '2026-03-03 10:00+00' LIMIT 7
SELECT id FROM logins WHERE at = 'infinity' LIMIT 7
SELECT id FROM logins WHERE at <= 'infinity' ORDER BY place LIMIT 7
SELECT count(*) FROM logins WHERE at >= '-infinity'
SELECT count(*) FROM logins WHERE at > '-infinity' AND at < 'infinity'
SELECT count(*) FROM logins WHERE at <= '-infinity'
SELECT count(*) FROM logins WHERE at <= '294276-12-31 23:59:59+00'
SELECT at, count(*) FROM logins WHERE at >= '2026-03-03 10:15+00' AND at < '2026-03-03 14:15+00' GROUP BY at
SELECT at, array_agg(id) FROM logins WHERE at BETWEEN '2026-03-03 10:15+00' AND '2026-03-03 14:15+00' GROUP BY at LIMIT 3
SELECT id FROM logins WHERE at BETWEEN SYMMETRIC '2026-03-03 14:00+00' AND '2026-03-03 13:00+00' LIMIT 5
SELECT id, at FROM logins WHERE at > timestamptz '2026-03-08 01:00+05:30' ORDER BY at DESC LIMIT 15
SELECT id, at FROM logins WHERE at < '2026-03-01 05:00+00' ORDER BY at, place LIMIT 15
SELECT id, at FROM logins WHERE '2026-03-08 01:00+00' <= at ORDER BY 2 LIMIT 15
SELECT id FROM logins WHERE at < now() + interval '50 years' AND place = 'place 3' LIMIT 6
SELECT count(*) FROM logins WHERE at > date_trunc('day', now()) - interval '999 years' AND at < CURRENT_DATE + 99999
SELECT id FROM logins WHERE minute = '2026-03-01 05:07+00' LIMIT 3
SELECT minute, count(*) FROM logins WHERE minute BETWEEN '2026-03-01 05:07+00' AND '2026-03-01 05:11+00' GROUP BY 1
SELECT day, count(*) FROM logins WHERE day = '2025-05-01' GROUP BY 1
SELECT id FROM logins WHERE day >= '2026-07-15' LIMIT 9
SELECT id FROM logins WHERE day <= date '2025-02-01' LIMIT 9
SELECT local, id FROM logins WHERE local = '2026-03-15' LIMIT 9
SELECT local, array_agg(id) FROM logins WHERE local > timestamp '2026-05-27 03:00' GROUP BY local ORDER BY local
SELECT id, lat FROM logins WHERE lat = 48.8
SELECT id, lat FROM logins WHERE lat = 0.3 LIMIT 3
SELECT id FROM logins WHERE lat BETWEEN -12.5 AND -12.3 LIMIT 6
SELECT count(*), sum(lat) FROM logins WHERE lat >= 89
SELECT sum(lat), avg(lon) FROM logins WHERE lat < -80 AND lon > 3
SELECT count(*) FROM logins WHERE lat < 'Infinity'
SELECT count(*) FROM logins WHERE lat <= 'NaN' AND lat > '-Infinity'
SELECT id, lon FROM logins WHERE lon = 48.5 LIMIT 4
SELECT id, lon FROM logins WHERE lon >= '149' LIMIT 4
SELECT id FROM logins WHERE bytes = 5000
SELECT id FROM logins WHERE bytes = 5000.0 LIMIT 3
SELECT bytes, id FROM logins WHERE bytes >= 899000 LIMIT 4
SELECT max(bytes), min(bytes) FROM logins WHERE bytes < 3500
SELECT count(*) FROM logins WHERE bytes < 9999999999999 AND bytes > -5
SELECT id, amount FROM logins WHERE amount = 52.5 LIMIT 4
SELECT id, amount FROM logins WHERE amount > 990 AND amount <= 995 LIMIT 4
SELECT DISTINCT place FROM logins WHERE ip = '10.7.0.0/16'
SELECT DISTINCT ON (place) place, id FROM logins WHERE at = '2026-03-03 10:00+00'
SELECT id, row_number() OVER () FROM logins WHERE ip = '10.7.0.0/16' LIMIT 5
SELECT id, lag(id) OVER (ORDER BY place), rank() OVER (ORDER BY at) FROM logins WHERE at >= '2026-03-09 01:00+00' LIMIT 30
SELECT user_id FROM logins WHERE ip = '10.7.0.0/16' LIMIT 10
SELECT user_id, count(*) FROM logins WHERE ip = '10.7.0.0/16' GROUP BY user_id LIMIT 10
SELECT DISTINCT user_id FROM logins WHERE at = '2026-03-03 10:00+00' LIMIT 10
SELECT u.country, l.id FROM users u JOIN logins l USING (user_id) WHERE l.ip = '10.7.0.0/16' LIMIT 10
SELECT u.country, count(l.id) FROM users u LEFT JOIN logins l ON l.user_id = u.user_id AND l.at = '2026-03-03 10:00+00' GROUP BY 1 ORDER BY 1
SELECT u.country, l.id FROM users u LEFT JOIN logins l ON l.user_id = u.user_id WHERE l.at = '2026-03-03 10:00+00' LIMIT 10
SELECT u.country, l.id FROM logins l RIGHT JOIN users u ON l.user_id = u.user_id AND l.ip = '10.7.0.0/16' LIMIT 50
SELECT u.country, l.id FROM logins l LEFT JOIN users u ON l.user_id = u.user_id AND l.ip = '10.7.0.0/16' LIMIT 50
SELECT u.country, l.id FROM logins l FULL JOIN users u ON l.user_id = u.user_id AND u.country = 'c1' WHERE l.ip = '10.7.0.0/16' LIMIT 50
SELECT l.id, m.id FROM logins l JOIN logins m ON l.id = m.id + 1 AND l.ip = '10.7.0.0/16' AND m.lat > 5 LIMIT 20
SELECT a.place, b.place FROM logins a LEFT JOIN (logins b LEFT JOIN users u ON u.user_id = b.user_id) ON a.id = b.id AND b.at = '2026-03-03 10:00+00' WHERE a.id < 50
SELECT login FROM seen WHERE address = '10.7.0.0/16' LIMIT 11
SELECT login, place FROM seen s WHERE s.moment = '2026-03-03 10:00+00' AND s.address <<= '10.0.0.0/8' LIMIT 11
SELECT x.a FROM (SELECT id AS a, ip AS b FROM logins WHERE place = 'place 3' UNION ALL SELECT id, ip FROM logins WHERE id < 1000) x WHERE x.b = '10.7.0.0/16' LIMIT 20
SELECT x.a, x.n FROM (SELECT id AS a, ip AS b, row_number() OVER (ORDER BY id) AS n FROM logins) x WHERE x.b = '10.7.0.0/16' LIMIT 20
SELECT x.a FROM (SELECT id AS a, ip AS b FROM logins LIMIT 500) x WHERE x.b = '10.7.0.0/16'
SELECT x.b, x.n FROM (SELECT ip AS b, count(*) AS n FROM logins GROUP BY ip) x WHERE x.b = '10.7.0.0/16'
SELECT x.b FROM (SELECT DISTINCT ip AS b, place FROM logins) x WHERE x.b = '10.7.0.0/16' LIMIT 4
WITH few AS (SELECT * FROM logins WHERE at = '2026-03-03 10:00+00') SELECT ip, count(*) FROM few GROUP BY ip LIMIT 5
WITH few AS MATERIALIZED (SELECT id, ip FROM logins) SELECT id FROM few WHERE ip = '10.7.0.0/16' LIMIT 5
SELECT EXISTS (SELECT FROM logins WHERE ip = '10.7.0.0/16'), EXISTS (SELECT FROM logins WHERE ip = '10.77.0.0/16')
SELECT country FROM users u WHERE EXISTS (SELECT FROM logins l WHERE l.user_id = u.user_id AND l.ip = '10.7.0.0/16') LIMIT 9
SELECT country FROM users WHERE user_id IN (SELECT user_id FROM logins WHERE at = '2026-03-03 10:00+00') LIMIT 9
SELECT country, (SELECT l.id FROM logins l WHERE l.user_id = u.user_id AND l.ip <<= '10.0.0.0/12' LIMIT 1) FROM users u LIMIT 20
SELECT country, ARRAY(SELECT l.id FROM logins l WHERE l.user_id = u.user_id AND l.ip <<= '10.0.0.0/12') FROM users u LIMIT 20
SELECT id FROM logins WHERE ip = '10.7.0.0/16' UNION SELECT id FROM logins WHERE ip = '10.9.0.0/16' LIMIT 12
SELECT id FROM logins WHERE ip = '10.7.0.0/16' EXCEPT SELECT id FROM logins WHERE lat > 0 LIMIT 12
SELECT place, sum(bytes), json_agg(id) FROM logins WHERE ip = '10.7.0.0/16' GROUP BY place HAVING count(*) > 3
SELECT ip, at, count(*) FROM logins WHERE ip <<= '10.0.0.0/13' AND at >= '2026-03-09 00:00+00' GROUP BY GROUPING SETS ((ip), (at), ()) LIMIT 20
SELECT upper(note), id FROM logins WHERE ip = '10.7.0.0/16' AND note LIKE '%10.1%' LIMIT 3
SELECT id FROM logins WHERE ip = '10.7.0.0/16' AND at IS NULL OR ip = '10.8.0.0/16' AND at > '2026-03-05' LIMIT 9
SELECT sum(bytes / 7) FROM logins WHERE at = '2026-03-03 10:00+00'
-- What may fail.
SELECT 10 / (bytes - 5000) FROM logins WHERE bytes = 5000 LIMIT 1
SELECT 10 / (id - 3347) FROM logins WHERE at = '2026-03-03 10:00+00' LIMIT 2
SELECT 10 / (id - 7) FROM logins WHERE ip = '10.7.0.0/16'
SELECT id FROM logins WHERE id = (SELECT 5 FROM users WHERE country < 'c5') LIMIT 1
SELECT place, ip FROM logins WHERE ip = '10.7.0.0/16' ORDER BY place, ip FETCH FIRST 3 ROWS WITH TIES
SELECT x.id, x.n FROM (SELECT id, row_number() OVER (PARTITION BY place ORDER BY id) AS n FROM logins WHERE at = '2026-03-03 10:00+00') x WHERE x.n <= 2 LIMIT 9
SELECT u.country, s.total FROM users u JOIN (SELECT user_id, sum(bytes) AS total FROM logins WHERE at >= '2026-03-03 10:00+00' AND at < '2026-03-03 14:00+00' GROUP BY user_id) s USING (user_id) LIMIT 9
WITH daily AS (SELECT at, sum(bytes) AS total FROM logins WHERE at >= '2026-03-09 00:00+00' GROUP BY at) SELECT at, total FROM daily ORDER BY at LIMIT 9
