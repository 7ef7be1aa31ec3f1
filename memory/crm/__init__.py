"""The CRM store on SQLModel: SQLite beside the workspace, PostgreSQL by URL, the same code for both."""
