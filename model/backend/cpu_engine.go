package backend

import _ "github.com/retort-ml/retort/model/backend/cpu" // registers "cpu"
