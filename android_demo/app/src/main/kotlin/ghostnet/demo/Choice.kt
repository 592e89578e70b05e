package ghostnet.demo

import android.content.Context
import com.google.ai.edge.litert.Accelerator

/** What the person has chosen; camera and gallery share it, and the next start remembers it. */
class Choice(
    context: Context,
) {
    private val stored = context.getSharedPreferences("choice", Context.MODE_PRIVATE)

    fun model(kind: Kind): String? = stored.getString(kind.key, null)

    fun choose(
        kind: Kind,
        name: String,
    ) = stored.edit().putString(kind.key, name).apply()

    var accelerator: Accelerator
        get() = if (stored.getBoolean("gpu", false)) Accelerator.GPU else Accelerator.CPU
        set(value) = stored.edit().putBoolean("gpu", value == Accelerator.GPU).apply()

    /** In the benchmark; every model is, until the person says otherwise. */
    fun isMeasured(name: String): Boolean = stored.getBoolean("measure $name", true)

    fun measure(
        name: String,
        isOn: Boolean,
    ) = stored.edit().putBoolean("measure $name", isOn).apply()
}
