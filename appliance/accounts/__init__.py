"""Accounts of people: roles, passwords, the first set-up."""
