package ghostnet.demo

import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Bundle
import android.provider.Settings
import ghostnet.core.Permission

/** One of Android's permissions, asked for on the screen that needs it and nowhere else. */
class PermissionDesk(
    private val screen: Screen,
    private val name: String,
    private val text: Int, // what is missing without it, and what is not
    state: Bundle?,
) {
    private var wasAsked = state?.getBoolean(ASKED) ?: false // since this screen was opened

    fun keep(state: Bundle) = state.putBoolean(ASKED, wasAsked)

    fun now(): Permission =
        when {
            screen.checkSelfPermission(name) == PackageManager.PERMISSION_GRANTED -> Permission.GRANTED
            wasAsked -> Permission.REFUSED
            else -> Permission.NOT_ASKED
        }

    fun ask() {
        wasAsked = true
        screen.requestPermissions(arrayOf(name), 0)
    }

    /** Android shows its question twice at most; after that only its settings help. */
    fun explain() {
        if (screen.shouldShowRequestPermissionRationale(name)) {
            screen.showProblem(screen.getString(text), R.string.allow, ::ask)
        } else {
            screen.showProblem(screen.getString(text), R.string.open_settings) {
                val own = Uri.fromParts("package", screen.packageName, null)
                screen.startActivity(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, own))
            }
        }
    }

    private companion object {
        const val ASKED = "asked"
    }
}
