"""What a user decides, command by command: every setting with its default, its help and what is legal; nothing heavy."""
