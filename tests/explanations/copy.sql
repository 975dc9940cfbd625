COPY logins (id, ip) TO STDOUT
