namespace ClusterSession.Histories;

public enum FaultLayer
{
    Store,
    Node,
    Link,
}
