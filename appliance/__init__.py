"""The box: settings, keyrings, queue, accounts, backups and commands."""
