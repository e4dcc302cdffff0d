"""Steps that several commands share: verify an image, read and plan, guard, propose."""
