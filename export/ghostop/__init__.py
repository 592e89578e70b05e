"""Ghost operators into finished files: where one fits, what it is told, the proof."""
