package nn

import "github.com/gomlx/compute/dtypes"

// floatType is the type that networks compute in.
const floatType = dtypes.Float32
