"""State manager, launch configuration and command-line tool."""
