package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class OperatorFileTest {
    private val all = "a_ghostop.tflite"
    private val depthwise = "a_depthwise_ghostop.tflite"
    private val three = listOf("a.tflite", all, depthwise, "ab_ghostop.tflite")

    @Test
    fun aProcessorGetsItsFile() {
        assertEquals(all, operatorFile("a.tflite", ALL_FILE, three))
        assertEquals(depthwise, operatorFile("a.tflite", DEPTHWISE_FILE, three))
        assertNull(operatorFile("a.tflite", PLAIN_FILE, three))
    }

    @Test
    fun theOtherFileWithOperatorsStandsInForAMissingOne() {
        assertEquals(all, operatorFile("a.tflite", DEPTHWISE_FILE, three - depthwise))
        assertEquals(depthwise, operatorFile("a.tflite", ALL_FILE, three - all))
        assertNull(operatorFile("b.tflite", ALL_FILE, three))
    }
}
