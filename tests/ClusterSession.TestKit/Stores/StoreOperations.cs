namespace ClusterSession.TestKit.Stores;

/// <summary>The operations of a store, as a set.</summary>
[Flags]
public enum StoreOperations
{
    None = 0,
    Read = 1,
    Commit = 2,
    Merge = 4,
    Destroy = 8,
    Touch = 16,
    ReadDocument = 32,
    MergeDocument = 64,
    Documents = ReadDocument | MergeDocument,
    Sessions = Read | Commit | Merge | Destroy | Touch,
    All = Sessions | Documents,
}
