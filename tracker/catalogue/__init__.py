"""What AWS actions exist, and which of them deserve attention: adapters whose answers are plain values."""
