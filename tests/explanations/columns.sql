SELECT id, ip AS address, upper(note) AS note FROM logins WHERE lat > 48
