# Puma takes the sockets that superd hands on, whatever their addresses are.
bind_to_activated_sockets "only"
environment "production"
threads 4, 4
