WITH here AS (SELECT ip FROM logins WHERE id = 1) SELECT DISTINCT user_id FROM logins l WHERE EXISTS (SELECT 1 FROM here WHERE here.ip = l.ip) UNION SELECT user_id FROM users
