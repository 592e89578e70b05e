"""Logs of one and the same run, as `benchmark_model` has worded them over the years."""

WARMUP = "count=37 first=14744 curr=15520 min=13164 max=18295 avg=13764.3 std=967\n"
RUNS = "count=74 first=14850 curr=13315 min=13105 max=15765 avg=13520.2 std=470\n"
LAST = (
    "Inference timings in us: Init: 12750, First inference: 14744, Warmup (avg): 13764.3, "
    "Inference (avg): 13520.2\n"
)
LOG = f"STARTING!\nLoaded model a.tflite\n{WARMUP}\n{RUNS}\n{LAST}Peak memory footprint (MB): 1\n"
TOOK = (
    "Replacing 100 out of 121 node(s) with delegate (TfLiteXNNPackDelegate) node, "
    "yielding 43 partitions for subgraph 0.\n"
)
AT = "INFO: [./litert/tools/benchmark_litert_model.h:"
LITERT = (
    f"INFO: {TOOK}INFO: Initialized session in 12.75ms.\n"
    f"INFO: {WARMUP.strip()} p5=13200 median=13700 p95=18000\n\n"
    f"INFO: {RUNS.strip()} p5=13110 median=13400 p95=14900\n\n"
    f"{AT}81] \n========== BENCHMARK RESULTS ==========\n"
    f"{AT}82] Model initialization: 12.75 ms\n"
    f"{AT}84] Warmup (first):       14.74 ms\n"
    f"{AT}86] Warmup (avg):         13.76 ms (37 runs)\n"
    f"{AT}88] Inference (avg):      13.52 ms (74 runs)\n"
    f"{AT}92] Inference (min):      13.11 ms\n"
    f"{AT}96] Inference (std):      0.47\n"
    f"{AT}112] \nMemory Usage:\n"
    f"{AT}114] Init footprint:       8.94 MB\n"
    f"{AT}120] ======================================\n"
)


def logcat(text: str) -> str:
    return "".join(f"11-24 03:00:00.1  99  99 I tflite  : {line}\n" for line in text.splitlines())


def old(last: str) -> str:
    return LOG.replace(LAST, f"Average inference timings in us: Warmup: 13764.3, {last}\n")


WORDINGS = {
    "plain": LOG,
    "INFO": "".join(f"INFO: {line}\n" for line in LOG.splitlines()),
    "logcat": logcat(LOG),
    "carriage returns": LOG.replace("\n", "\r\n"),
    "older": old("Init: 12750, no stats: 13520.2"),
    "of the app": logcat(old("Init: 12750, Inference: 13520.2")),
    "scientific": LOG.replace("avg=13520.2", "avg=1.35202e+04").replace(
        "(avg): 13520.2", "(avg): 1.35202e+04"
    ),
    "rounded": LOG.replace("Inference (avg): 13520.2", "Inference (avg): 13520"),
    "LiteRT": LITERT,
    "LiteRT in logcat": logcat(LITERT),
}
