"""The attacks of `./vla eval attack`: each module has `attacks()`, which lists those of one kind."""
