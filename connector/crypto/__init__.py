"""All cryptography of the product. Nothing else imports nacl, hmac, hashlib, secrets or random."""
