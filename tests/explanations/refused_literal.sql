SELECT at
FROM logins
WHERE user_id = '0b6b51c2-5a5a-4a5a-8a5a-000000000001'
