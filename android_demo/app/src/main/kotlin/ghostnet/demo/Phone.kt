package ghostnet.demo

import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.content.pm.ApplicationInfo
import android.os.BatteryManager
import android.os.Build
import android.os.PowerManager
import android.os.Process
import ghostnet.android.ThisThread
import ghostnet.core.Conditions
import ghostnet.core.Machine
import ghostnet.core.Pace
import ghostnet.core.Place
import ghostnet.core.celsius
import ghostnet.core.fastestCore
import java.io.File
import java.io.IOException

/** The phone as the benchmark sees it: its clock, its sensors, its cores, its name. */
class Phone(
    private val context: Context,
) : Machine {
    private val power = context.getSystemService(PowerManager::class.java)
    private val pace = Pace(::nanos)
    private val fastest =
        fastestCore(
            (0 until Runtime.getRuntime().availableProcessors()).associateWith {
                kilohertz(it, "cpuinfo_max_freq")
            },
        )

    val name = "app: ${Build.MANUFACTURER} ${Build.MODEL}, Android ${Build.VERSION.RELEASE}"

    /** What does not change during a run, asked on its thread; names are those of `benchmark/targets/phone.py`. */
    fun facts(): Map<String, String> =
        mapOf(
            "maker" to Build.MANUFACTURER,
            "model" to Build.MODEL,
            "board" to Build.BOARD,
            "android" to Build.VERSION.RELEASE,
            "api" to Build.VERSION.SDK_INT.toString(),
            "build" to Build.FINGERPRINT,
            "app" to
                context.packageManager
                    .getPackageInfo(context.packageName, 0)
                    .versionName
                    .orEmpty(),
            "debuggable" to yes(context.applicationInfo.flags and ApplicationInfo.FLAG_DEBUGGABLE != 0),
            "accelerator" to "CPU",
            "core_asked_for" to (fastest?.toString() ?: "none"),
            "priority" to Process.getThreadPriority(Process.myTid()).toString(),
            "sustained_performance" to yes(power?.isSustainedPerformanceModeSupported == true),
        )

    override fun nanos(): Long = System.nanoTime()

    override fun sleep(ms: Long) = Thread.sleep(ms)

    override fun conditions(): Conditions {
        val battery = context.registerReceiver(null, IntentFilter(Intent.ACTION_BATTERY_CHANGED))
        return Conditions(
            celsius(battery?.known(BatteryManager.EXTRA_TEMPERATURE)),
            power?.currentThermalStatus,
            power?.isPowerSaveMode,
            battery?.known(BatteryManager.EXTRA_PLUGGED)?.let { it != 0 },
        )
    }

    override fun peakMemoryBytes(): Long {
        val line = File("/proc/self/status").readLines().find { it.startsWith("VmHWM:") }
        val kilobytes = line?.filter(Char::isDigit)?.toLongOrNull() ?: 0
        return kilobytes * 1024
    }

    override fun pin() {
        fastest?.let(ThisThread::askFor)
    }

    override fun place(): Place {
        val core = ThisThread.core()
        return Place(core, core?.let { kilohertz(it, "scaling_cur_freq") })
    }

    override fun slowdown(): Double = pace.slowdown()

    private fun Intent.known(name: String): Int? = getIntExtra(name, UNKNOWN).takeIf { it != UNKNOWN }

    private fun yes(isSo: Boolean) = if (isSo) "yes" else "no"

    /** Null where this phone keeps it from apps. */
    private fun kilohertz(
        core: Int,
        file: String,
    ): Long? =
        try {
            File("/sys/devices/system/cpu/cpu$core/cpufreq/$file").readText().trim().toLongOrNull()
        } catch (_: IOException) {
            null
        }

    private companion object {
        const val UNKNOWN = Int.MIN_VALUE
    }
}
