/*
 * The one name of androidx.test 1.7.0 that the tests for a phone use: only Google's Maven has it, and here
 * these tests are compiled and not run.
 */

package androidx.test.platform.app

import android.app.Instrumentation

object InstrumentationRegistry {
    @JvmStatic
    fun getInstrumentation(): Instrumentation = Instrumentation()
}
