"""How statements run: databases, transactions and dialects. Contains no table and no statement of the application."""
