"""The database: connection, migrations, transactions. It knows nothing of what the tables mean."""
