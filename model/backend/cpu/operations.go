package cpu

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
)

// operation is what the backend knows about an operation. The table of all of
// them is what the backend claims: there is no second list.
type operation struct {
	// lower adds the steps that compute the node; nil where nothing runs.
	lower func(c *compiler, n *node) error
}

var operations map[compute.OpType]operation

// folded are operations that are built from others, or need no step.
var folded = []compute.OpType{
	compute.OpTypeParameter, compute.OpTypeConstant, compute.OpTypeIdentity, compute.OpTypeCapturedValue,
	compute.OpTypeReshape, compute.OpTypeClamp, compute.OpTypeDot,
}

func init() {
	operations = map[compute.OpType]operation{
		opConv:                              {lowerConvStep},
		opNormAgain:                         {lowerNormApply},
		opNormApply:                         {lowerNormApply},
		opByteConv:                          {lowerByteConv},
		opToBytes:                           {lowerToBytes},
		opReLU:                              {lowerElementwise},
		opReLUGrad:                          {lowerElementwise},
		compute.OpTypeBroadcastInDim:        {lowerElementwise},
		compute.OpTypeTranspose:             {lowerMove},
		compute.OpTypeSlice:                 {lowerMove},
		compute.OpTypeReverse:               {lowerMove},
		compute.OpTypePad:                   {lowerPad},
		compute.OpTypeConcatenate:           {lowerConcatenate},
		compute.OpTypeIota:                  {lowerIota},
		compute.OpTypeDotGeneral:            {lowerDot},
		compute.OpTypeConvGeneral:           {lowerConvGeneral},
		compute.OpTypeArgMinMax:             {lowerArgMinMax},
		compute.OpTypeCumSum:                {lowerCumSum},
		compute.OpTypeBatchNormForInference: {lowerNorm},
		compute.OpTypeBatchNormForTraining:  {lowerNorm},
		compute.OpTypeBatchNormGradient:     {lowerNorm},
		compute.OpTypeReduceWindow:          {lowerReduceWindow},
		compute.OpTypeSelectAndScatterMax:   {lowerSelectAndScatter},
		compute.OpTypeSelectAndScatterMin:   {lowerSelectAndScatter},
		compute.OpTypeGather:                {lowerGather},
		compute.OpTypeScatterSum:            {lowerScatter},
		compute.OpTypeScatterMax:            {lowerScatter},
		compute.OpTypeScatterMin:            {lowerScatter},
		compute.OpTypeDynamicSlice:          {lowerDynamicSlice},
		compute.OpTypeDynamicUpdateSlice:    {lowerDynamicUpdateSlice},
		compute.OpTypeRNGBitGenerator:       {lowerRNG},
		compute.OpTypeCall:                  {lowerCall},
		compute.OpTypeIf:                    {lowerIf},
		compute.OpTypeWhile:                 {lowerWhile},
		compute.OpTypeSort:                  {lowerSort},
		compute.OpTypeOptimizationBarrier:   {},
		compute.OpTypeSchedulingBarrier:     {},
		compute.OpTypeBitcast:               {},
	}
	for _, op := range folded {
		operations[op] = operation{}
	}
	for op := range reductions {
		operations[op] = operation{lowerReduce}
	}
	for op := compute.OpTypeInvalid; op < compute.OpTypeLast; op++ {
		if isElementwise(op) && !shapeinference.ComplexOperations.Has(op) {
			operations[op] = operation{lowerElementwise}
		}
	}
}

var supportedDTypes = map[dtypes.DType]bool{
	dtypes.Bool: true,
	dtypes.Int8: true, dtypes.Int16: true, dtypes.Int32: true, dtypes.Int64: true,
	dtypes.Uint8: true, dtypes.Uint16: true, dtypes.Uint32: true, dtypes.Uint64: true,
	dtypes.Float16: true, dtypes.BFloat16: true, dtypes.Float32: true, dtypes.Float64: true,
}

func capabilities() compute.Capabilities {
	c := compute.Capabilities{
		Operations: map[compute.OpType]bool{},
		Functions:  true,
		DTypes:     map[dtypes.DType]bool{},
	}
	for op := range operations {
		if op < compute.OpTypeLast {
			c.Operations[op] = true
		}
	}
	for d := range supportedDTypes {
		c.DTypes[d] = true
	}
	return c
}
