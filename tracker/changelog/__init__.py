"""Changes and periods as something to read: Markdown, HTML, text, JSON, and the mails."""
