"""Arm cores to emulate, and the files by which a core makes itself known to the runtime.

XNNPACK chooses its kernels by what the system says of the core: by the flags that the kernel hands
every program, which come from QEMU's `-cpu`, and by `/proc/cpuinfo`. Both must tell one story, so
each core gets a small root folder of its own, which QEMU looks into before the machine's.
"""

from dataclasses import dataclass
from pathlib import Path

from ghostnet_tf.base.files import write_atomic

LIBRARIES = Path("/usr/aarch64-linux-gnu/lib")  # of Debian's cross compiler
ARMV8 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
ARMV8_2 = f"{ARMV8} atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp"


@dataclass(frozen=True)
class Core:
    """A core as QEMU emulates it, as Linux describes it, with caches as they are often built."""

    qemu_cpu: str
    part: int  # of Arm Ltd. (implementer 0x41), from the core's MIDR_EL1
    features: str
    l1: str  # data cache: "kilobytes:ways"
    l2: str
    kernels: str  # what XNNPACK then multiplies int8 with


# fmt: off
CORES = {
    "cortex-a53": Core("cortex-a53", 0xD03, ARMV8, "32:4", "512:16", "smlal"),
    # QEMU has no A55. An A76 has the same instructions; the part number makes the runtime take it
    # for an A55, with the kernels that are ordered for one.
    "cortex-a55": Core("cortex-a76", 0xD05, ARMV8_2, "32:4", "128:4", "sdot"),
    "cortex-a76": Core("cortex-a76", 0xD0B, ARMV8_2, "64:4", "256:8", "sdot"),
    # Matrix instructions, as from Armv8.6 on (a Cortex-A710 here). Without SME, which QEMU 7.2
    # gets wrong, and without SVE, which phones switch off.
    "i8mm": Core("max,sme=off,sve=off", 0xD47, f"{ARMV8_2} i8mm bf16", "64:4", "512:8", "smmla"),
}
# fmt: on


def make_root(folder: Path, core: Core) -> Path:
    """Write what an emulated program finds below `/` when it asks for its processor."""
    text = (
        "processor\t: 0\nBogoMIPS\t: 38.40\n"
        f"Features\t: {core.features}\n"
        "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\n"
        f"CPU part\t: 0x{core.part:03x}\nCPU revision\t: 0\n\n"
    )
    cpus = "sys/devices/system/cpu"
    files = {"proc/cpuinfo": text, f"{cpus}/cpu0/cpufreq/cpuinfo_max_freq": "2000000\n"}
    files |= {f"{cpus}/{name}": "0\n" for name in ("possible", "present", "online")}
    topology = ("core_id", "physical_package_id", "cluster_id")
    files |= {f"{cpus}/cpu0/topology/{name}": "0\n" for name in topology}
    for name, content in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            write_atomic(path, content.encode())
    libraries = folder / "lib"
    if not libraries.is_symlink():
        libraries.symlink_to(LIBRARIES)
    return folder
