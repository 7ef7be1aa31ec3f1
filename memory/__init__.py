"""What is remembered: CRM tables, the journal, decisions, proposals, the outbox, the audit chain, contact history."""
