"""The process that serves: it prepares the database, assembles the server and runs it."""
