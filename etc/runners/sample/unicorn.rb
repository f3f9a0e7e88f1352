# unicorn takes the sockets that superd hands on: no `listen` here.
worker_processes 2
# The application is loaded before unicorn serves: one that cannot be loaded ends unicorn at once.
preload_app true
