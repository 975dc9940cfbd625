SELECT id FROM logins
