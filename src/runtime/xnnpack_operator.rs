//! What XNNPACK tells of an operator that ran: its type, and the kind of kernel that it chose.

/// Type and kernel, as in `Convolution (NHWC, F32) IGEMM`; the kernel is empty where XNNPACK has
/// but one kind for the type (`xnn_get_runtime_profiling_info` in its `runtime.c`).
pub(crate) fn told(operator: &str) -> (&str, &str) {
    match operator.rfind(") ") {
        Some(at) => (&operator[..=at], operator[at + 1..].trim()),
        None => (operator.trim_end(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_stands_behind_the_type() {
        let told = told("Convolution (NHWC, F32) IGEMM");
        assert_eq!(told, ("Convolution (NHWC, F32)", "IGEMM"));
        let told = super::told("Convolution (NHWC, F32) Conv2D HWC2CHW");
        assert_eq!(told, ("Convolution (NHWC, F32)", "Conv2D HWC2CHW"));
        assert_eq!(super::told("Softmax (NC, F32)"), ("Softmax (NC, F32)", ""));
        assert_eq!(super::told("Delegate"), ("Delegate", ""));
    }
}
