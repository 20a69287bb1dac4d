"""Parts of pages that read the snapshot; components only know what they are given."""
