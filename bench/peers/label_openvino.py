"""OpenVINO's side of "retort bench label"; arguments of label_common.py.

float32, as ours, on one stream, which gives a batch all cores.
"""
import openvino as ov

from label_common import arguments, images, measure, model

a = arguments()
core = ov.Core()
settings = {"INFERENCE_NUM_THREADS": a.cores, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "THROUGHPUT", "ENABLE_CPU_PINNING": False}
request = core.compile_model(core.read_model(model(a)), "CPU", settings).create_infer_request()
x = ov.Tensor(images(a))
measure(a, lambda: request.infer({0: x}, share_inputs=True, share_outputs=True), peer="openvino", version=ov.__version__)
