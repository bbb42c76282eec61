"""Execution of statements: databases, transactions and dialects. Contains no table and no statement of the application."""
