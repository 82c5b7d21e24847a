"""From a command in words to a validated plan."""
