package ghostnet.demo

import android.app.Activity
import android.content.Intent
import android.content.pm.ActivityInfo
import android.view.accessibility.AccessibilityNodeInfo
import androidx.test.platform.app.InstrumentationRegistry
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Test

/** Each screen opens, is turned, and can be read by a screen reader. */
class ScreensTest {
    private val instrumentation = InstrumentationRegistry.getInstrumentation()
    private val automation = instrumentation.uiAutomation
    private val context = instrumentation.targetContext

    private fun open(screen: Class<out Activity>): Activity {
        automation.grantRuntimePermission(context.packageName, android.Manifest.permission.CAMERA)
        automation.grantRuntimePermission(context.packageName, android.Manifest.permission.RECORD_AUDIO)
        val intent = Intent(context, screen).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
        return instrumentation.startActivitySync(intent).also { settle() }
    }

    private fun settle() {
        instrumentation.waitForIdleSync()
        Thread.sleep(SETTLE_MS)
    }

    private fun named(id: String): AccessibilityNodeInfo =
        automation.rootInActiveWindow
            .findAccessibilityNodeInfosByViewId(
                "${context.packageName}:id/$id",
            ).single()

    @Test
    fun everyScreenSurvivesBeingTurned() {
        val screens =
            listOf(
                CameraActivity::class.java,
                GalleryActivity::class.java,
                ListenActivity::class.java,
                BenchmarkActivity::class.java,
                AboutActivity::class.java,
            )
        for (screen in screens) {
            val activity = open(screen)
            for (way in listOf(
                ActivityInfo.SCREEN_ORIENTATION_LANDSCAPE,
                ActivityInfo.SCREEN_ORIENTATION_REVERSE_PORTRAIT,
                ActivityInfo.SCREEN_ORIENTATION_PORTRAIT,
            )) {
                instrumentation.runOnMainSync { activity.requestedOrientation = way }
                settle()
                assertNotNull(screen.name, automation.rootInActiveWindow)
                assertEquals(context.packageName, automation.rootInActiveWindow.packageName)
            }
            instrumentation.runOnMainSync { activity.finish() }
        }
    }

    @Test
    fun theTabOfThisScreenIsSelectedAndCanBeReached() {
        open(AboutActivity::class.java)

        assertTrue(named("to_about").isSelected)
        assertTrue(named("to_about").isEnabled)
        assertTrue(!named("to_gallery").isSelected)
    }

    @Test
    fun aScreenReadersFocusStaysWhileFramesCome() {
        open(CameraActivity::class.java)

        assertTrue(named("classes").performAction(AccessibilityNodeInfo.ACTION_ACCESSIBILITY_FOCUS))
        settle()

        assertTrue(named("classes").isAccessibilityFocused)
    }

    private companion object {
        const val SETTLE_MS = 2_000L
    }
}
