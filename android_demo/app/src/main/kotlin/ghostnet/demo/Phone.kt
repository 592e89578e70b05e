package ghostnet.demo

import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.BatteryManager
import android.os.Build
import android.os.PowerManager
import ghostnet.core.Conditions
import ghostnet.core.Machine
import java.io.File

/** The phone as the benchmark sees it: its clock, its sensors, its name. */
class Phone(
    private val context: Context,
) : Machine {
    private val power = context.getSystemService(PowerManager::class.java)

    val name = "app: ${Build.MANUFACTURER} ${Build.MODEL}, Android ${Build.VERSION.RELEASE}"

    /** What does not change during a run; the names are those of `benchmark/targets/phone.py`. */
    val facts =
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
            "accelerator" to "CPU",
            "core" to "any: an app cannot choose one",
        )

    override fun nanos(): Long = System.nanoTime()

    override fun sleep(ms: Long) = Thread.sleep(ms)

    override fun conditions(): Conditions {
        val battery = context.registerReceiver(null, IntentFilter(Intent.ACTION_BATTERY_CHANGED))
        val tenths = battery?.getIntExtra(BatteryManager.EXTRA_TEMPERATURE, UNKNOWN) ?: UNKNOWN
        return Conditions(
            if (tenths == UNKNOWN) null else tenths / 10.0,
            power?.currentThermalStatus,
        )
    }

    override fun peakMemoryBytes(): Long {
        val line = File("/proc/self/status").readLines().find { it.startsWith("VmHWM:") }
        val kilobytes = line?.filter(Char::isDigit)?.toLongOrNull() ?: 0
        return kilobytes * 1024
    }

    private companion object {
        const val UNKNOWN = Int.MIN_VALUE
    }
}
