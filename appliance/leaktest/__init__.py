"""Looking for known secrets in everything that a box keeps and says."""
