"""Two practice systems, an ERP and an AP ledger: small web servers that misbehave on request."""
