"""What a scene did: kept in memory or a file, gone back to, and compared."""
