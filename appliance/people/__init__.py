"""Who may use the box: invitations, roles, and taking access away."""
