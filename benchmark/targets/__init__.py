"""Where a model is measured: a phone, an emulated Arm core, this machine."""
