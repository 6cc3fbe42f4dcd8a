"""Called by scripts/measure/modes.py, each time in a fresh process: runs or loads a model by its
runtime's own Python package, and prints what that took."""

import argparse
import json
import os
import time
from pathlib import Path

import numpy


def litert(model, cache):
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.environment import Environment, EnvironmentOptions
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator
    from ai_edge_litert.options import CpuOptions, Options

    # Without plugins for NPUs, which the package otherwise looks for whenever it loads a model.
    nowhere = {"dispatch_library_path": "/nowhere", "compiler_plugin_path": "/nowhere"}
    path = os.path.join(cache, "weights.xnnpack") if cache else ""
    cpu = CpuOptions(num_threads=1, xnnpack_weight_cache_path=path)
    options = Options(hardware_accelerators=HardwareAccelerator.CPU, cpu_options=cpu)
    environment = Environment.create(options=EnvironmentOptions(**nowhere))
    begin = time.perf_counter_ns()
    compiled = CompiledModel.from_file(model, environment=environment, options=options)
    given, made = compiled.create_input_buffers(0), compiled.create_output_buffers(0)
    ns = time.perf_counter_ns() - begin

    def runs():
        signature = next(iter(compiled.get_signature_list()))
        details_of = compiled.get_input_tensor_details(signature)
        for buffer, details in zip(given, details_of.values(), strict=True):
            shape, kind = details["shape"], numpy.dtype(details["dtype"])
            buffer.write((255 * numpy.random.default_rng(1).random(shape)).astype(kind))
        return lambda: compiled.run_by_index(0, given, made)

    return ns, runs


def tflite(model, _cache):
    from ai_edge_litert.interpreter import Interpreter

    begin = time.perf_counter_ns()
    interpreter = Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    ns = time.perf_counter_ns() - begin

    def runs():
        given = interpreter.get_input_details()[0]
        noise = 255 * numpy.random.default_rng(1).random(given["shape"])
        interpreter.set_tensor(given["index"], noise.astype(given["dtype"]))
        return interpreter.invoke

    return ns, runs


def onnxruntime(model, cache):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    kept = os.path.join(cache, "kept.onnx") if cache else ""
    if kept and os.path.exists(kept):
        model, options.graph_optimization_level = kept, ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    elif kept:
        options.optimized_model_filepath = kept
    begin = time.perf_counter_ns()
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    ns = time.perf_counter_ns() - begin

    def runs():
        given = session.get_inputs()[0]
        shape = [size if isinstance(size, int) else 1 for size in given.shape]
        noise = numpy.random.default_rng(1).random(shape, dtype=numpy.float32)
        # Bound once, as in shutterbench: else each run would copy its input and allocate its output.
        binding = session.io_binding()
        binding.bind_cpu_input(given.name, noise)
        for made in session.get_outputs():
            size = [size if isinstance(size, int) else 1 for size in made.shape]
            value = ort.OrtValue.ortvalue_from_numpy(numpy.zeros(size, dtype=numpy.float32))
            binding.bind_ortvalue_output(made.name, value)
        return lambda: session.run_with_iobinding(binding)

    return ns, runs


def openvino(model, cache):
    import openvino as ov

    core = ov.Core()
    # The plugin is loaded when it is first asked for, as shutterbench does before it loads a model.
    core.get_property("CPU", "FULL_DEVICE_NAME")
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    if cache:
        settings["CACHE_DIR"] = cache
    begin = time.perf_counter_ns()
    compiled = core.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    ns = time.perf_counter_ns() - begin

    def runs():
        given = compiled.input(0)
        noise = 255 * numpy.random.default_rng(1).random(list(given.shape))
        request.set_input_tensor(ov.Tensor(noise.astype(given.element_type.to_dtype())))
        return request.infer

    return ns, runs


def read_anew(path):
    """Brings a file into the page cache, from which XNNPACK has parts of models dropped."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        file.read()


def timed(run, given):
    """Latencies, start times and, on a schedule, how late runs started."""
    for _ in range(20):
        run()
    while given.at and time.time() < given.at:
        time.sleep(0.001)
    begin, latencies, starts, late = time.perf_counter(), [], [], []
    period = 1 / given.rate if given.rate else 0.0
    # The first half second on a schedule is not timed, as in shutterbench.
    settled, frame = (begin + 0.5 if period else begin), 0
    end = settled + given.seconds
    while True:
        frame += 1
        due = begin + frame * period if period else time.perf_counter()
        if due >= end:
            return latencies, starts, late
        pause = due - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        start = time.perf_counter_ns()
        run()
        ns = time.perf_counter_ns() - start
        if due >= settled:
            latencies.append(ns)
            starts.append(start)
            late.append(start - due * 1e9)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("backend", choices=["litert", "tflite", "onnxruntime", "openvino"])
    parser.add_argument("model")
    parser.add_argument("--cache", default="")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--at", type=float, default=0.0)
    given = parser.parse_args()
    for file in [given.model, *Path(given.cache).rglob("*")] if given.cache else [given.model]:
        if os.path.isfile(file):
            read_anew(file)
    load_ns, runs = globals()[given.backend](given.model, given.cache)
    said = {"load_ns": load_ns}
    if given.seconds:
        latencies, starts, late = timed(runs(), given)
        in_time = sum(ns <= 200_000 for ns in late) if given.rate else None
        said |= {"latency_ns": latencies, "starts_ns": starts, "in_time": in_time}
    print(json.dumps(said), flush=True)
    # What a runtime does at its end is no part of this.
    os._exit(0)


main()
