"""The pages, feeds and API, as answers of a server and as files. A shell: it reads, lays out and sends."""
