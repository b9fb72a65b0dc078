"""Small vectors for the reader of tensor bundles, written by TensorFlow itself."""
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"]="3"; os.environ["CUDA_VISIBLE_DEVICES"]="-1"
import numpy as np, tensorflow as tf
out=sys.argv[1]; os.makedirs(out,exist_ok=True)
v1=tf.compat.v1
# every type, strings, an empty tensor, a scalar, unicode keys
def bundle(name, tensors, slices=None):
    with tf.Graph().as_default(), v1.Session() as s:
        names=list(tensors)
        s.run(tf.raw_ops.SaveV2(prefix=f"{out}/{name}", tensor_names=names, shape_and_slices=[(slices or {}).get(n,"") for n in names], tensors=[tf.constant(tensors[n]) for n in names]))
import ml_dtypes
ramp=np.arange(6)
t={k:(ramp.reshape(2,3)-2).astype(d) for k,d in {"f32":np.float32,"f64":np.float64,"f16":np.float16,"bf16":ml_dtypes.bfloat16,"i8":np.int8,"i16":np.int16,"i32":np.int32,"i64":np.int64,"c64":np.complex64,"c128":np.complex128}.items()}
t|={k:ramp.astype(d) for k,d in {"u8":np.uint8,"u16":np.uint16,"u32":np.uint32,"u64":np.uint64}.items()}
t|={"bool":np.array([True,False,True]),"empty":np.zeros((0,3),np.float32),"scalar":np.float32(2.5),"step":np.int64(1<<40),"s/one":np.array(b"hello"),"s/some":np.array([b"",b"a\0b","größe".encode(),b"x"*300],object),"ключ":np.float32([1,2])}
bundle("types",t)
# many keys: an index of several blocks
bundle("many",{f"layer_{i:04d}/kernel":np.float32([i]) for i in range(600)})
# two files and slices, as a partitioned variable is saved
d=out
with tf.Graph().as_default(), v1.Session() as s:
    m=np.arange(60,dtype=np.float32).reshape(10,6)
    def save(prefix,names,ss,ts): return tf.raw_ops.SaveV2(prefix=prefix,tensor_names=names,shape_and_slices=ss,tensors=[tf.constant(x) for x in ts])
    a=save(f"{d}/tmp_a",["rows","columns","whole"],["10 6 0,4:0,6","4 130 -:0,100",""],[m[:4],np.arange(520,dtype=np.int32).reshape(4,130)[:,:100],np.float32([7])])
    b=save(f"{d}/tmp_b",["rows","columns"],["10 6 4,6:0,6","4 130 -:100,30"],[m[4:],np.arange(520,dtype=np.int32).reshape(4,130)[:,100:]])
    s.run([a,b]); s.run(tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[f"{d}/tmp_a",f"{d}/tmp_b"],destination_prefix=f"{d}/sharded",delete_old_dirs=False))
# an object graph with an optimiser's slot and a counter
x=tf.Variable(np.float32([[1,2],[3,4]]),name="dense/kernel"); y=tf.Variable(np.float32([5,6]),name="dense/bias")
m=tf.train.Checkpoint(kernel=x,bias=y,again=x); ck=tf.train.Checkpoint(model=m,step=tf.Variable(9,dtype=tf.int64,name="iter"))
ck.write(f"{out}/objects")
