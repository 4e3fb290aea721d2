namespace ClusterSession.TestKit.Histories;

public enum FaultLayer
{
    Store,
    Node,
    Link,
}
