SELECT u.name, count(*) FROM users u JOIN logins l USING (user_id) WHERE l.ip <<= inet '203.0.0.0/16' GROUP BY u.user_id, u.name ORDER BY u.user_id
